import { globSync } from 'node:fs'
import { join } from 'node:path'

// One process for all tests that need no service: starting one per file would cost more than they do.
const folders = '{unit,api,contract,vectors,property,docs}/**/*.test.ts'
const files = [...globSync(folders, { cwd: import.meta.dirname }), 'architecture.test.ts']
for (const file of files.toSorted()) await import(join(import.meta.dirname, file))
