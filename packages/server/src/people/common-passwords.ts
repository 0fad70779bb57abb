/**
 * The passwords of at least eight characters that most people have and that are guessed first, in lower case. Throttling
 * holds off longer lists.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
  00000000 0123456789 01234567 0987654321 11111111 1111111111 112233445566 11223344 12121212 123123123 123321123
  1234512345 12341234 12345678 123456789 1234567890 1234567891 123456789a 12345678910 123456abc 1234abcd 1234qwer
  123abc123 123qwe123 12qwaszx 147258369 159357456 1a2b3c4d 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx
  1qaz2wsx3edc 1qazxsw2 22222222 31415926 33333333 44444444 55555555 66666666 69696969 741852963 77777777 87654321
  88888888 963852741 987654321 9876543210 99999999 a1234567 a12345678 a123456789 a1b2c3d4 aa123456 aa12345678 aaaaaaaa
  abc12345 abc123456 abcd1234 abcdefgh abcdefghi admin123 admin1234 administrator alexander anderson asdasdasd asdf1234
  asdfasdf asdfghjk asdfghjkl asdfghjkl; babygirl baseball basketball bismillah blink182 butterfly carolina changeme
  changeme1 changeme123 charlotte chocolate christian computer corvette courtney danielle dearbook december default1
  december1 einstein elephant elizabeth ferrari1 firebird football football1 forever1 freedom1 garfield godzilla hello123
  hellohello hardcore hunter123 iloveyou iloveyou1 iloveyou2 internet isabella jennifer jessica1 jonathan jordan23
  letmein1 letmein123 liverpool liverpool1 lovelove master123 maverick maverick1 mercedes metallica michael1 michelle
  midnight mypassword november p@$$w0rd p@ssw0rd p@ssword pakistan passw0rd password password! password0 password01
  password1 password1! password12 password123 password1234 password2 password3 passwort patricia playboy1 pokemon1
  princess princess1 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedc qazwsx123 qq123456 qwe123456 qweasdzxc qwer1234 qwerqwer
  qwert123 qwerty12 qwerty123 qwerty1234 qwerty12345 qwertyui qwertyuiop rockstar s3cr3t123 samantha scorpion secret123
  september skywalker snowball softball spiderman starwars starwars1 steelers stephanie sunshine sunshine1 superman
  superman1 superstar swordfish test1234 test12345 testtest thomas123 tinkerbell trustno1 trustno1! veronica victoria
  welcome1 welcome12 welcome123 whatever william1 winter123 wordpass xxxxxxxx yankees1 zaq12wsx zaq1zaq1 zxcvbnm1
  zxcvbnm123 zxcvbnmm zzzzzzzz
  `
    .trim()
    .split(/\s+/),
)
