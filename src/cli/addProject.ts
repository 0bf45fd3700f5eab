import type { Command } from 'commander'
import type { Invoked } from './invoked.ts'
import type { CheckRequest, ReportsRequest } from './projectReports.ts'

/** `gatehouse project ...`, for more verbs to join: each one's rooms are loaded when it is called. */
export function addProject(
  program: Command,
  { settings, answer }: Pick<Invoked, 'settings' | 'answer'>,
): Command {
  const project = program.command('project').description('projects that were deleted, or move')
  project
    .command('list')
    .description('list those that are missing in Keystone, waiting to be shredded, or shredded')
    .action(async () => {
      const { projectList } = await import('./projectVerbs.ts')
      const { text, reason } = await projectList(settings())
      answer(text, reason)
    })
  project
    .command('shred')
    .description('destroy all keys of a project, then all it has; nothing brings it back')
    .argument('<id>', 'the project')
    .requiredOption('--yes', 'this is meant')
    .action(async (id: string) => {
      const { projectShred } = await import('./projectVerbs.ts')
      const { text, reason } = await projectShred(settings(), id)
      answer(text, reason)
    })
  project
    .command('keep')
    .description('take a deletion back, while the grace period lasts')
    .argument('<id>', 'the project')
    .action(async (id: string) => {
      const { projectKeep } = await import('./projectVerbs.ts')
      const { text, reason } = await projectKeep(settings(), id)
      answer(text, reason)
    })
  addReports(project, { settings, answer })
  return project
}

function addReports(
  project: Command,
  { settings, answer }: Pick<Invoked, 'settings' | 'answer'>,
): void {
  project
    .command('reports')
    .description('list the signed reports of shredded projects: what became unreadable, and when')
    .option('--project <id>', 'only those of this project')
    .option('--out <file>', 'write them there as well, one JWS a line')
    .option('--ids <file>', 'write the ids of the secrets that went there, one a line')
    .action(async (request: ReportsRequest) => {
      const { projectReports } = await import('./projectReports.ts')
      const { text, reason } = await projectReports(settings(), request)
      answer(text, reason)
    })
  const report = project.command('report').description('the reports of shredded projects')
  report
    .command('key')
    .description('print the public key that reports of this node are checked with')
    .action(async () => {
      const { projectReportKey } = await import('./projectReports.ts')
      const { text, reason } = await projectReportKey(settings())
      answer(text, reason)
    })
  report
    .command('verify')
    .description('say whether reports are as they were signed, and what they say')
    .argument('<file>', 'one JWS a line')
    .option('--key <file>', 'the public key; that of the settings when left out')
    .option('--ids <file>', 'ids of secrets, one a line: are they those that went?')
    .action(async (file: string, request: CheckRequest) => {
      const { projectReportVerify } = await import('./projectReports.ts')
      const { text, reason } = await projectReportVerify(settings, file, request)
      answer(text, reason)
    })
}
