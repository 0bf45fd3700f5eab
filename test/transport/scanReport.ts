import type { Finding, Scan } from './scan.ts'

/** Things testssl.sh remarks on that are as they should be here, and why. */
export const EXPECTED: Readonly<Record<string, string>> = {
  cert_revocation: 'a private CA, made for the scan, that names no list of revoked certificates',
  engine_problem: "about the scanner's own OpenSSL",
  sessionresumption_ticket:
    'a trial of the scanner that ends before it begins; `test/unit/tls/handshakes.test.ts` shows that sessions are resumed',
}

/** What a finding is about that belongs into the report: protocols, forward secrecy, attacks that have a name. */
const REPORTED =
  /^(SSLv2|SSLv3|TLS1\w*|cipherlist_\w+|PFS\w*|cipher_order\w*|cipherorder_\w+|TLS_session_ticket|heartbleed|CCS|ticketbleed|ROBOT|secure_\w+|CRIME_TLS|BREACH|POODLE_SSL|fallback_SCSV|SWEET32|FREAK|DROWN|LOGJAM\S*|BEAST|LUCKY13|RC4)$/

/** docs/tls-scan.md */
export function scanReport(scans: readonly Scan[], scanners: string): string {
  return [
    '# What scanners find',
    [
      'Written by `npm run scan:tls` from what sslscan and testssl.sh, as Debian packages them, say of a server that was',
      'started with a certificate and nothing else in `[ssl]` but what stands in the title. `npm run test:transport` scans again,',
      'fails on anything weak, and on any difference to this page.',
    ].join('\n'),
    `Scanners: ${scanners}.`,
    ...scans.map(section),
    [
      'Remarks of testssl.sh that are as they should be:',
      '',
      ...Object.entries(EXPECTED).map(([id, why]) => `- \`${id}\`: ${why}.`),
    ].join('\n'),
    '',
  ].join('\n\n')
}

function section({ title, protocols, suites, findings }: Scan): string {
  const rows = protocols.map((protocol) => {
    const names = suites.filter((one) => one.protocol === protocol).map(({ suite }) => suite)
    return `| ${protocol} | ${names.join('<br>')} |`
  })
  return [
    `## ${title}`,
    ['| protocol | suites, the preferred one first |', '|---|---|', ...rows].join('\n'),
    ...(findings.length === 0 ? [] : [findingsTable(findings)]),
  ].join('\n\n')
}

function findingsTable(findings: readonly Finding[]): string {
  const rows = findings
    .filter(({ id }) => REPORTED.test(id))
    .map(
      ({ id, severity, finding }) =>
        `| ${id} | ${severity} | ${finding.replaceAll('|', '\\|').trim()} |`,
    )
  return ['| testssl.sh looked for | | and found |', '|---|---|---|', ...rows].join('\n')
}

/** The same whatever version of the scanners found it. */
export function withoutScanners(report: string): string {
  return report.replace(/^Scanners: .*$/m, '')
}
