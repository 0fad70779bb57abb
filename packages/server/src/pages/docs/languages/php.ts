import { type Call, type FillIn, fillInsOf, placeholders, type Value, type Variable } from '../call.ts'
import type { DocsFacts } from '../facts.ts'
import { hasChallenge, indented, type Language, renewalMarginSeconds, toSeconds } from './language.ts'

export const php: Language = {
  id: 'php',
  name: 'PHP',
  authorizationLink: ({ calls: { authorization } }) =>
    [
      '<?php',
      declare(fillInsOf(authorization)),
      '$state = bin2hex(random_bytes(16));',
      ...(hasChallenge(authorization) ? [challenge] : []),
      '',
      `$link = ${literal(`${authorization.url}?`)} . http_build_query(${dictionary(authorization.parameters)});`,
      'echo "$link\\n";',
      ...(hasChallenge(authorization) ? ['echo "$verifier\\n";'] : []),
    ].join('\n'),

  getToken: ({ call, tokenPath, refreshPath }) => `<?php
${declare(fillInsOf(call))}

${request(call)}
if ($status !== 200) exit("No token: $answer\\n");
$token = json_decode($answer, true)${member(tokenPath)};${
    refreshPath ? `\n$refreshToken = json_decode($answer, true)${member(refreshPath)};` : ''
  }`,

  callApi: ({ calls }) => `${request(calls.api)}
echo "$status $answer\\n";`,

  renew: (facts) => `<?php
${declare(fillInsOf(facts.first.call))}
$kept = ['token' => null${facts.first.lifetime ? ", 'renewAt' => 0" : ''}];

function getToken() {
    global ${[...fillInsOf(facts.first.call).map((name) => nameOf[name]), '$kept'].join(', ')};
    if ($kept['token']${facts.first.lifetime ? " && time() < $kept['renewAt']" : ''}) return $kept['token'];
    ${indented(request(facts.first.call), 4)}
    if ($status !== 200) exit("No token: $answer\\n");
    $body = json_decode($answer, true);
    $kept['token'] = $body${member(facts.first.tokenPath)};${renewAt(facts)}
    return $kept['token'];
}

function callApi() {
    $token = getToken();
    ${indented(request(facts.calls.api), 4)}
    return [$status, $answer];
}

[$status, $answer] = callApi();
if ($status === 401) { // ended early
    $kept['token'] = null;
    [$status, $answer] = callApi();
}
echo "$status $answer\\n";`,

  endToken: ({ calls }) => `${request(calls.revocation)}
echo "$status\\n";`,

  send: (call) => `<?php
${declare(fillInsOf(call))}

${request(call)}
echo "$status\\n";`,

  checkToken: ({ calls }) => `<?php
${declare(fillInsOf(calls.introspection))}

${request(calls.introspection)}
echo "$answer\\n";`,
}

/** RFC 7636 §4.2. */
const challenge = `$verifier = bin2hex(random_bytes(32));
$digest = hash('sha256', $verifier, true);
$challenge = rtrim(strtr(base64_encode($digest), '+/', '-_'), '=');`

const declare = (names: FillIn[]): string =>
  names.map((name) => `${nameOf[name]} = '${placeholders[name]}';`).join('\n')

const renewAt = (facts: DocsFacts): string =>
  facts.first.lifetime
    ? `\n    $lifetime = $body${member(facts.first.lifetime.path)}${toSeconds(facts)};
    $kept['renewAt'] = time() + $lifetime - ${renewalMarginSeconds(facts)};`
    : ''

function request({ method, url, basic, encoding, headers, parameters }: Call): string {
  const isInUrl = encoding === 'query' && parameters.length > 0
  const target = isInUrl
    ? `${literal(`${url}?`)} . http_build_query(${dictionary(parameters)})`
    : literal(url)
  const lines = [
    ...headers.map(([name, value]) => expression({ ...value, text: `${name}: ${value.text}` })),
    ...(encoding === 'json' ? ["'Content-Type: application/json'"] : []),
  ]
  const body = {
    form: [`    CURLOPT_POSTFIELDS => http_build_query(${indented(dictionary(parameters), 4)}),`],
    json: [`    CURLOPT_POSTFIELDS => json_encode(${indented(dictionary(parameters), 4)}),`],
    query: method === 'POST' ? ["    CURLOPT_POSTFIELDS => '',"] : [],
  }[encoding]
  return [
    `$request = curl_init(${target});`,
    'curl_setopt_array($request, [',
    ...(basic ? [`    CURLOPT_USERPWD => ${basic.map(expression).join(" . ':' . ")},`] : []),
    ...(lines.length > 0 ? [`    CURLOPT_HTTPHEADER => [${lines.join(', ')}],`] : []),
    ...body,
    '    CURLOPT_RETURNTRANSFER => true,',
    '    CURLOPT_TIMEOUT => 10,',
    ']);',
    '$answer = curl_exec($request);',
    '$status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);',
  ].join('\n')
}

const dictionary = (entries: Call['parameters']): string =>
  `[\n${entries.map(([name, value]) => `    ${literal(name)} => ${expression(value)},\n`).join('')}]`

const nameOf: Record<Variable, string> = {
  clientId: '$clientId',
  clientSecret: '$clientSecret',
  redirectUri: '$redirectUri',
  code: '$code',
  verifier: '$verifier',
  refreshToken: '$refreshToken',
  username: '$username',
  password: '$password',
  token: '$token',
  state: '$state',
  challenge: '$challenge',
}

function expression({ text, variable }: Value): string {
  if (variable === undefined) return literal(text)
  return text === '' ? nameOf[variable] : `${literal(text)} . ${nameOf[variable]}`
}

const member = (path: string[]): string => path.map((name) => `[${literal(name)}]`).join('')

const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
