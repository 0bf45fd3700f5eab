import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Scan, SETUPS, scanned, scanners } from './scan.ts'
import { scanReport } from './scanReport.ts'

/** `npm run scan:tls` */
const closing: (() => unknown)[] = []
const t = { after: (work: () => unknown) => void closing.push(work) }
try {
  const scans: Scan[] = []
  for (const setup of SETUPS) scans.push(await scanned(t, setup))
  const path = join(import.meta.dirname, '../../docs/tls-scan.md')
  writeFileSync(path, scanReport(scans, await scanners()))
} finally {
  for (const close of closing.toReversed()) await close()
}
