import type { Call, Value, Variable } from '../call.ts'
import type { DocsFacts } from '../facts.ts'
import { indented, type Language, renewalMarginSeconds, toSeconds } from './language.ts'

export const php: Language = {
  id: 'php',
  name: 'PHP',
  getToken: (facts) => `<?php
${credentials}

${request(facts.calls.token)}
if ($status !== 200) exit("No token: $answer\\n");
$token = json_decode($answer, true)${member(facts.tokenPath)};`,

  callApi: ({ calls }) => `${request(calls.api)}
echo "$status $answer\\n";`,

  renew: (facts) => `<?php
${credentials}
$kept = ['token' => null${facts.lifetime ? ", 'renewAt' => 0" : ''}];

function getToken() {
    global $clientId, $clientSecret, $kept;
    if ($kept['token']${facts.lifetime ? " && time() < $kept['renewAt']" : ''}) return $kept['token'];
    ${indented(request(facts.calls.token), 4)}
    if ($status !== 200) exit("No token: $answer\\n");
    $body = json_decode($answer, true);
    $kept['token'] = $body${member(facts.tokenPath)};${renewAt(facts)}
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

  checkToken: ({ calls }) => `<?php
${credentials}
$token = 'YOUR_ACCESS_TOKEN';

${request(calls.introspection)}
echo "$answer\\n";`,
}

const credentials = `$clientId = 'YOUR_CLIENT_ID';
$clientSecret = 'YOUR_CLIENT_SECRET';`

const renewAt = (facts: DocsFacts): string =>
  facts.lifetime
    ? `\n    $lifetime = $body${member(facts.lifetime.path)}${toSeconds(facts)};
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
  token: '$token',
}

function expression({ text, variable }: Value): string {
  if (variable === undefined) return literal(text)
  return text === '' ? nameOf[variable] : `${literal(text)} . ${nameOf[variable]}`
}

const member = (path: string[]): string => path.map((name) => `[${literal(name)}]`).join('')

const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
