import { parentPort, workerData } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

/*
 * A thread that checks one password against one bcrypt hash, says whether it is right, and ends.
 */
const { password, hash } = workerData as { password: string; hash: string }
parentPort?.postMessage(compareSync(password, hash))
