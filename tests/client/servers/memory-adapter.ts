type Payload = Record<string, unknown>

/** Keeps what `oidc-provider` keeps, in memory: one map for each provider. */
export function memoryAdapter() {
  const rows = new Map<string, Payload>()
  return class {
    readonly #model: string

    constructor(model: string) {
      this.#model = model
    }

    async upsert(id: string, payload: Payload) {
      rows.set(this.#key(id), { ...payload })
    }

    async find(id: string) {
      return rows.get(this.#key(id))
    }

    async findByUid() {}

    async findByUserCode() {}

    async consume(id: string) {
      const row = rows.get(this.#key(id))
      if (row) row.consumed = Math.floor(Date.now() / 1000)
    }

    async destroy(id: string) {
      rows.delete(this.#key(id))
    }

    async revokeByGrantId(grantId: string) {
      for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key)
    }

    #key(id: string) {
      return `${this.#model}:${id}`
    }
  }
}
