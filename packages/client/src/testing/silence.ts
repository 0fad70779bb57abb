import type { TestContext } from 'node:test'

/**
 * Has the time of a request end when its server is silent, and not because the machine is slow: what comes back is to be
 * called wherever a request has come in that gets no answer.
 *
 * @param timeoutMs as the client was told it; signals of other times stay as they are.
 */
export function endTimeBySilence({ mock }: Pick<TestContext, 'mock'>, timeoutMs: number): () => void {
  const { timeout } = AbortSignal
  const waiting: AbortController[] = []
  mock.method(AbortSignal, 'timeout', (milliseconds: number) => {
    if (milliseconds !== timeoutMs) return timeout.call(AbortSignal, milliseconds)
    const controller = new AbortController()
    waiting.push(controller)
    return controller.signal
  })
  return () => {
    for (const controller of waiting.splice(0)) controller.abort(new DOMException('late', 'TimeoutError'))
  }
}
