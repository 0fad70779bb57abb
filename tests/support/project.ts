import { fileURLToPath } from 'node:url'

/** This repository's own folder. */
export const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

/** A program that npm installed here, by the name of its link. */
export const installed = (name: string): string => `${projectFolder}node_modules/.bin/${name}`
