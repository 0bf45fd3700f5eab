import { importTests } from './support/importTests.ts'

// Each room by itself, its contracts, its vectors, and the documents.
await importTests(
  'unit/!(cli|config|deployment|http|tls|worker)/**/*.test.ts',
  '{contract,vectors,docs}/**/*.test.ts',
  'architecture.test.ts',
)
