import { Counter, collectDefaultMetrics, Registry } from 'prom-client'

/** Counts requests by endpoint and outcome: labels of a fixed few values, whatever is sent. */
export interface Metrics {
  /** @param outcome `ok` or an error code. */
  count(kind: string, outcome: string): void
  /** In the text format of Prometheus. */
  expose(): Promise<{ contentType: string; text: string }>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const counts = new Map<string, { kind: string; outcome: string; value: number }>()
  collectDefaultMetrics({ register: registry })
  new Counter({
    name: 'latchkey_requests_total',
    help: 'Requests, by endpoint and outcome (ok, or the error code)',
    labelNames: ['endpoint', 'outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { kind, outcome, value } of counts.values()) this.inc({ endpoint: kind, outcome }, value)
    },
  })
  return {
    count(kind, outcome) {
      const key = `${kind} ${outcome}`
      const entry = counts.get(key)
      if (entry) entry.value++
      else counts.set(key, { kind, outcome, value: 1 })
    },
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
