import type { MailWords } from './mail-words.ts'

export const ja: MailWords = {
  signUp: ({ apiName, url, hours }) => ({
    subject: `${apiName} のアカウントの作成を完了してください`,
    text: `このメールアドレスで ${apiName} のアカウントの作成が求められました。

次のリンクを開いて、お名前とパスワードを設定してください。

${url}

リンクは ${hours} 時間以内に一度だけ使えます。

お心当たりがない場合は、何もする必要はありません。リンクを使わない限り、アカウントは作成されません。
`,
  }),

  hasAccount: ({ apiName, signInUrl, resetPasswordUrl }) => ({
    subject: `${apiName} のアカウントはすでにあります`,
    text: `このメールアドレスで ${apiName} のアカウントの作成が求められましたが、アカウントはすでにあります。

サインインはこちらです。

${signInUrl}

パスワードをお忘れの場合は、こちらで再設定してください。

${resetPasswordUrl}

お心当たりがない場合は、何もする必要はありません。アカウントはそのままです。
`,
  }),

  resetPassword: ({ apiName, url, minutes, username }) => ({
    subject: `${apiName} のパスワードの再設定`,
    text: `${apiName} のアカウント ${username} について、パスワードの再設定が求められました。

次のリンクを開いて、新しいパスワードを設定してください。

${url}

リンクは ${minutes} 分以内に一度だけ使えます。パスワードを変更すると、すべてのデバイスからサインアウトし、すべてのアプリとの連携を解除します。

お心当たりがない場合は、何もする必要はありません。パスワードはそのままで、リンクがなければ誰も変更できません。
`,
  }),
}
