import { type Expectation, expectationOf, type Score } from '../peers/suites/expectation.ts'
import { nameOf, RUNS, type Run, SUITES } from '../peers/suites/runs.ts'
import type { StageName } from '../peers/suites/stages.ts'

const SUITE_TITLES = {
  functional: "Barbican's own functional tests",
  tempest: 'barbican-tempest-plugin',
  client: "python-barbicanclient's functional tests, library and commands",
  castellan: "castellan's functional tests of its Barbican key manager",
  sdk: "openstacksdk's functional tests of key_manager",
} satisfies Record<Run['suite'], string>

const STAGE_TITLES = {
  legacy: 'old rules, one store',
  several: 'old rules, several stores, blank `host_href`',
  secure: 'new rules and scopes, several stores',
} satisfies Record<StageName, string>

const score = ({ passed, failed, skipped }: Score): string => `${passed} / ${failed} / ${skipped}`

const ofGatehouse = ({ passed, fails, skips }: Expectation): Score => ({
  passed,
  failed: Object.keys(fails).length,
  skipped: Object.values(skips).reduce((sum, count) => sum + count, 0),
})

const titleOf = (run: Run): string => `${SUITE_TITLES[run.suite]}, ${STAGE_TITLES[run.stage]}`

const table = (source: Run['source']): string =>
  RUNS.filter((run) => run.source === source)
    .map((run) => {
      const expected = expectationOf(nameOf(run))
      const { barbican } = expected
      const theirs = barbican === null ? 'not measured' : `${score(barbican)} (${barbican.version})`
      const [suite, stage] = [SUITE_TITLES[run.suite], STAGE_TITLES[run.stage]]
      const ours = score(ofGatehouse(expected))
      return `| ${suite} | ${expected.version} | ${stage} | ${ours} | ${theirs} |\n`
    })
    .join('')

const HEAD =
  '| suite | version | Gatehouse runs with | Gatehouse | Barbican |\n|---|---|---|---|---|\n'

/** The lines of all runs, those that say the same under one heading that names them all. */
const grouped = (linesOf: (expected: Expectation) => readonly string[]): string => {
  const headings = new Map<string, string[]>()
  for (const run of RUNS) {
    const lines = linesOf(expectationOf(nameOf(run))).join('\n')
    const where = `${titleOf(run)} (${run.source === 'debian' ? 'Debian' : 'clone'})`
    if (lines !== '') headings.set(lines, [...(headings.get(lines) ?? []), where])
  }
  return [...headings].map(([lines, where]) => `${where.join('; ')}:\n\n${lines}\n`).join('\n')
}

/** Each reason once, its tests below it. */
const failureLines = ({ fails }: Expectation): readonly string[] =>
  Object.entries(Object.groupBy(Object.entries(fails), ([, reason]) => reason)).flatMap(
    ([reason, tests = []]) => [
      `- ${reason}`,
      ...tests.map(([test]) => `  - \`${test}\``).toSorted(),
    ],
  )

/** docs/compatibility.md; every number and every name of a test in it is one that `npm run test:suites` holds a run to. */
export const compatibilityPage = (): string => `# Compatibility

Whether Gatehouse can stand where Barbican stood is not for us to say, but for the test suites of those who talk to
Barbican. They run here as they are, against a real Keystone and a Gatehouse started as operators start it. This page
is written from what the command holds each run to (\`test/peers/suites/expected/\`): any other failure, one test fewer
that passes, or a listed failure that has gone, is red.

\`\`\`sh
npm run test:suites                        # what Debian's packages bring; part of the gate
npm run test:suites -- --clones FOLDER     # everything, from clones; takes its time
npm run test:suites -- --clones FOLDER --only functional,client --mode legacy
npm run test:suites -- --clones FOLDER --only tempest --mode secure --results OTHER_FOLDER
\`\`\`

Both want Debian (12 is what the numbers are from) and root, for packages that are missing are installed. FOLDER holds clones of the public
repositories
${[...new Set(Object.values(SUITES).flatMap(({ repositories }) => repositories))]
  .toSorted()
  .map((name) => `\`openstack/${name}\``)
  .join(',\n')},
each under its own name; they are read and not changed. \`--only\` names suites, \`--mode\` the rules, \`--multi\` leaves
the stages with several secret stores, \`--results\` keeps what every single test said. Numbers are tests that passed /
failed / skipped themselves. A newer clone may have more tests; the command says when it is not the one named here.

## From Debian's packages

${HEAD}${table('debian')}
## From clones

${HEAD}${table('clones')}
Barbican's functional tests log in as creators, observers and auditors, roles that the new rules do not know, and so run
with the old ones. The tests of who may do what in barbican-tempest-plugin are for the new rules; its scenarios want
Nova, Cinder and Glance and are not run.

## What does not pass, test by test

${grouped(failureLines)}
## What skips itself, with the reason it gives

${grouped(({ skips }) => Object.entries(skips).map(([reason, count]) => `- ${count}: ${reason}`))}
## What the suites do not cover

\`npm run test:peers\` has claims of our own, each a test, made through unchanged programs from Debian's packages:
castellan, python-barbicanclient, openstacksdk, gophercloud and the \`openstack secret\` commands, and the code with which
Cinder, Nova, Octavia, Heat, Magnum, Swift and cursive keep their secrets; and beside them what happens when
Keystone is slow, frozen or away, when tokens are revoked, and what application credentials with access rules may do.

Times are told with microseconds, as Barbican does on PostgreSQL and SQLite. On MariaDB its columns hold whole seconds; who
parses \`created\` there with a pattern that allows no fraction has to allow one (\`docs/differences.md\` has the rest).
`
