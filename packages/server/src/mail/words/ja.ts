import type { MailWords } from './mail-words.ts'

export const ja: MailWords = {
  signUp: ({ apiName, url, hours }) => ({
    subject: `${apiName} のアカウント登録を完了してください`,
    text: `このメールアドレスで ${apiName} のアカウント登録の申し込みがありました。

次のリンクを開いて、名前とパスワードを決めてください。

${url}

リンクは ${hours} 時間以内に一度だけ使えます。

お心当たりがない場合は、何もする必要はありません。リンクを使わない限り、アカウントは作られません。
`,
  }),

  hasAccount: ({ apiName, signInUrl, resetPasswordUrl }) => ({
    subject: `${apiName} のアカウントはすでにあります`,
    text: `このメールアドレスで ${apiName} のアカウント登録の申し込みがありましたが、アカウントはすでにあります。

サインインはこちらです。

${signInUrl}

パスワードを忘れた場合は、こちらで新しいパスワードを決めてください。

${resetPasswordUrl}

お心当たりがない場合は、何もする必要はありません。アカウントはそのままです。
`,
  }),

  resetPassword: ({ apiName, url, minutes, username }) => ({
    subject: `${apiName} の新しいパスワードを決めてください`,
    text: `${apiName} のアカウント ${username} について、新しいパスワードの申し込みがありました。

次のリンクを開いて、新しいパスワードを決めてください。

${url}

リンクは ${minutes} 分以内に一度だけ使えます。パスワードを変えると、すべての場所でサインアウトし、すべてのアプリとの接続が切れます。

お心当たりがない場合は、何もする必要はありません。パスワードはそのままで、リンクがなければ誰も変えられません。
`,
  }),
}
