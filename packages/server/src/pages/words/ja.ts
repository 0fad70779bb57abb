import { isolated, type Words } from './words.ts'

const days = new Intl.DateTimeFormat('ja-JP', { dateStyle: 'long', timeZone: 'UTC' })
const minutes = new Intl.DateTimeFormat('ja-JP', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

const formExpired = 'ページの有効期限が切れました。もう一度お試しください。'

const appMistake = {
  title: 'アプリからのリクエストを処理できません',
  message: 'アプリからのリクエストに問題があります。アプリには何も共有されていません。',
  whatToDo: 'アプリに戻って、もう一度お試しください。解決しない場合は、アプリの提供元にご連絡ください。',
}

const unknownApp = {
  title: 'アプリが見つかりません',
  message: 'アプリが無効になっているか、リンクが正しくありません。アプリには何も共有されていません。',
  whatToDo: appMistake.whatToDo,
}

const signInAgain = {
  title: 'もう一度サインインしてください',
  message: '続けるには、サインインまたはアカウントの選択が必要です。',
  whatToDo: 'アプリに戻って、もう一度お試しください。',
}

export const ja: Words = {
  documentTitle: (title, apiName) => `${title} · ${apiName}`,
  errorTitle: (title) => `エラー: ${title}`,
  duration: (seconds) => {
    if (seconds <= 60) return `${Math.max(1, Math.ceil(seconds))}秒`
    if (seconds <= 3600) return `${Math.ceil(seconds / 60)}分`
    return `${Math.ceil(seconds / 3600)}時間`
  },
  date: (at) => days.format(at * 1000),
  dateTime: (at) => `${minutes.format(at * 1000)} UTC`,
  thereIsAProblem: '入力内容をご確認ください',
  continueTo: (appName) => `このあと「${isolated(appName)}」に進みます`,
  useAnotherAccount: '別のアカウントを使う',
  backToSignIn: 'サインインに戻る',
  backToAccount: 'アカウントに戻る',
  formExpired,
  throttled: (wait) =>
    wait === undefined
      ? '試行回数が上限に達しました。数分待ってから、もう一度お試しください。'
      : `試行回数が上限に達しました。${wait}ほど待ってから、もう一度お試しください。`,
  fields: {
    username: 'メールアドレスまたはユーザー名',
    email: 'メールアドレス',
    name: 'お名前',
    password: 'パスワード',
    currentPassword: '現在のパスワード',
    newPassword: '新しいパスワード',
    passwordHint: (minLength) =>
      `${minLength}文字以上。関連のない単語をいくつか組み合わせると、覚えやすくなります。`,
  },
  fieldErrors: {
    invalidEmail: 'メールアドレスを name@example.com の形式で入力してください',
    nameMissing: 'お名前を入力してください',
    nameTooLong: 'お名前を短くしてください',
    password: (error, minLength) =>
      ({
        too_short: `パスワードは${minLength}文字以上で入力してください`,
        too_long: 'パスワードを短くしてください',
        too_common: '推測されやすいパスワードです。別のパスワードを入力してください',
      })[error],
  },
  signIn: {
    title: 'サインイン',
    submit: 'サインイン',
    wrong: 'メールアドレス、ユーザー名、またはパスワードが正しくありません。もう一度入力してください。',
    notices: {
      form_expired: 'ページの有効期限が切れました。もう一度サインインしてください。',
      no_cookie:
        'サインインには Cookie が必要です。このサイトの Cookie を許可して、もう一度サインインしてください。',
      password_changed: 'パスワードを変更しました。新しいパスワードでサインインしてください。',
      account_ready: 'アカウントを作成しました。設定したパスワードでサインインしてください。',
      sign_in_again: 'ご本人確認のため、もう一度サインインしてください。',
    },
    forgotPassword: 'パスワードをお忘れですか？',
    signUpQuestion: 'アカウントをお持ちでない方',
    signUp: 'アカウントを作成',
    chooser: 'サインイン済みのアカウントから選ぶ',
    demoTitle: '試してみる',
    demoHint: 'サンプルのアカウントです。latchkey dev を使うときだけ表示されます。',
    demoSubmit: 'サインイン',
    demoSubmitAs: (name) => `${name} としてサインイン`,
  },
  chooseAccount: {
    title: 'アカウントを選択',
    accounts: 'アカウント',
    ownAccount: '自分のアカウントでサインイン',
    demoTitle: '試してみる',
    demoHint: 'サンプルのアカウントです。latchkey dev を使うときだけ表示されます。',
  },
  consent: {
    title: (appName) => `「${isolated(appName)}」との連携を許可しますか？`,
    madeBy: (publisher) => `提供元: ${isolated(publisher)}`,
    publisherUnknown: '提供元の情報はありません。',
    account: '使用するアカウント',
    can: 'このアプリができること',
    nothingNamed: 'サインインしたことの確認のみ',
    cannot: 'このアプリができないこと',
    cannotSeePassword: 'パスワードを見ること',
    cannotDoMore: '上記以外の操作',
    withheld: 'アプリが求めていますが、お使いのアカウントでは許可できないこと',
    returnsTo: '許可または拒否した後の移動先',
    thisDevice: 'このデバイス上のアプリ',
    loopbackHint: 'アプリを起動した覚えがない場合は、拒否してください。',
    returnsHint: '心当たりのない移動先の場合は、拒否してください。',
    replaces: (appName, date) =>
      `許可すると、${date}に開始した「${isolated(appName)}」との連携は解除されます。`,
    later: '連携は、アカウントページからいつでも解除できます。',
    allow: '許可する',
    deny: '拒否する',
  },
  formPost: {
    title: (appName) => `「${isolated(appName)}」に戻ります`,
    explanation: '自動的に移動します。移動しない場合は、ボタンを押してください。',
    submit: '続ける',
  },
  signUp: {
    title: 'アカウントを作成',
    explanation: 'メールでリンクをお送りします。リンクを開いて、パスワードを設定してください。',
    submit: 'リンクを送信',
    signInQuestion: 'すでにアカウントをお持ちの方',
    signIn: 'サインイン',
    finishTitle: 'アカウントの設定',
    finishExplanation: '作成するアカウント:',
    nameHint: 'アプリやほかの人に表示されます。',
    finishSubmit: 'アカウントを作成',
  },
  checkMail: {
    title: 'メールをご確認ください',
    sent: {
      sign_up: (email) => `${email} にメールを送信しました。`,
      reset_password: (email) => `${email} が登録されている場合は、まもなくメールが届きます。`,
    },
    next: {
      sign_up:
        'メール内のリンクを開いて、アカウントの作成を完了してください。このページは閉じてかまいません。',
      reset_password:
        'メール内のリンクを開いて、新しいパスワードを設定してください。このページは閉じてかまいません。',
    },
    nothingCame:
      '数分経っても届かない場合は、迷惑メールフォルダと、メールアドレスに間違いがないかをご確認ください。',
    outbox: 'latchkey dev のメールを開く',
  },
  resetPassword: {
    title: 'パスワードの再設定',
    explanation: 'メールアドレスを入力してください。再設定用のリンクをお送りします。',
    submit: 'リンクを送信',
    newTitle: '新しいパスワードの設定',
    newFor: 'アカウント:',
    newExplanation: '変更すると、すべてのデバイスからサインアウトし、すべてのアプリとの連携を解除します。',
    newSubmit: 'パスワードを変更',
  },
  linkExpired: {
    title: 'このリンクは使用できません',
    explanation: 'すでに使用されたか、有効期限が切れています。',
    whatToDo: {
      sign_up:
        'アカウントを作成するには、新しいリンクを取得してください。すでにアカウントをお持ちの場合は、サインインできます。',
      reset_password: 'パスワードを再設定するには、新しいリンクを取得してください。',
    },
    again: '新しいリンクを取得',
  },
  signOut: {
    title: 'サインアウトしますか？',
    explanation: (accounts) =>
      accounts > 1
        ? `このブラウザーの${accounts}件のアカウントからサインアウトします。`
        : 'このブラウザーからサインアウトします。',
    submit: 'サインアウト',
    stay: 'キャンセル',
    everywhereTitle: 'すべてのデバイスからサインアウトしますか？',
    everywhereExplanation:
      'このデバイスを含むすべてのデバイスからサインアウトし、すべてのアプリとの連携を解除します。',
    everywhereSubmit: 'すべてサインアウト',
    doneTitle: 'サインアウトしました',
    done: 'このブラウザーからアカウントを利用できなくなりました。',
    signInAgain: 'もう一度サインイン',
  },
  account: {
    title: 'アカウント',
    notices: {
      disconnected: '連携を解除しました。アプリからアカウントを利用することはできません。',
      password_changed: 'パスワードを変更し、すべてのアプリとの連携を解除しました。',
      signed_out_everywhere:
        '選択したアカウントをすべてのデバイスからサインアウトし、すべてのアプリとの連携を解除しました。',
      form_expired: formExpired,
    },
    appsTitle: '連携中のアプリ',
    appsEmpty: '連携中のアプリはありません。アプリを許可するとここに表示され、いつでも連携を解除できます。',
    madeBy: (publisher) => `提供元: ${isolated(publisher)}`,
    canDo: 'アプリができること',
    connected: '連携開始',
    lastRenewed: '最終更新',
    disconnect: '連携を解除',
    disconnectApp: (appName) => `「${appName}」との連携を解除`,
    accountsTitle: 'このブラウザーのアカウント',
    switchTo: (name) => `${name} に切り替える`,
    switch: '切り替える',
    addAccount: 'アカウントを追加',
    securityTitle: 'サインイン',
    changePassword: 'パスワードを変更',
    signOut: 'サインアウト',
    signOutOf: (name) => `${name} からサインアウト`,
    signOutAll: 'すべてのアカウントからサインアウト',
    signOutEverywhere: 'すべてのデバイスからサインアウト',
  },
  changePassword: {
    title: 'パスワードの変更',
    wrong: '現在のパスワードが正しくありません',
    hint: '変更すると、ほかのすべてのデバイスからサインアウトし、すべてのアプリとの連携を解除します。',
    submit: 'パスワードを変更',
  },
  outbox: {
    title: 'メール',
    explanation: 'latchkey dev はメールを送信せず、ここに保存します。',
    empty: 'メールはまだありません。アカウントの作成やパスワードの再設定を行うと、ここに表示されます。',
    to: '宛先:',
  },
  error: {
    requestId: 'リクエスト ID',
    forDevelopers: '開発者向けの情報',
    toAccount: 'アカウントを開く',
    ofCode: {
      invalid_request: appMistake,
      invalid_client: unknownApp,
      invalid_grant: appMistake,
      invalid_scope: appMistake,
      invalid_target: appMistake,
      unauthorized_client: appMistake,
      unsupported_grant_type: appMistake,
      unsupported_token_type: appMistake,
      unsupported_response_type: appMistake,
      login_required: signInAgain,
      account_selection_required: signInAgain,
      consent_required: signInAgain,
      interaction_required: signInAgain,
      access_denied: {
        title: '許可されていない操作です',
        message: '送信された内容は受け付けられませんでした。変更は行われていません。',
        whatToDo: '前のページに戻って、もう一度お試しください。',
      },
      not_found: {
        title: 'ページが見つかりません',
        message: 'このアドレスにはページがありません。',
        whatToDo:
          'アドレスを入力した場合は、正しいかどうかをご確認ください。アプリから移動してきた場合は、アプリにお戻りください。',
      },
      method_not_allowed: {
        title: 'ページが見つかりません',
        message: 'このアドレスはページとして開くことができません。',
        whatToDo: '前のページに戻って、もう一度お試しください。',
      },
      too_many_requests: {
        title: '試行回数が上限に達しました',
        message: '短時間に多くのリクエストがあったため、処理を中止しました。',
        whatToDo: '数分待ってから、もう一度お試しください。',
      },
      server_error: {
        title: '問題が発生しました',
        message: 'サーバーに問題が発生しました。お客様の操作が原因ではありません。',
        whatToDo: 'しばらくしてから、もう一度お試しください。',
      },
      temporarily_unavailable: {
        title: 'しばらくしてからお試しください',
        message: 'ただいまアクセスできません。お客様の操作が原因ではありません。',
        whatToDo: 'しばらくしてから、このページを再読み込みしてください。',
      },
    },
  },
}
