import { openPolicyFiles } from '../cli/policyOfSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { Log } from '../lib/log.ts'
import { Policy } from '../policy/policy.ts'
import { PolicyFollower } from '../policy/policyFollower.ts'
import type { Watch } from './watch.ts'

export async function composePolicy(settings: Settings, watch: Watch, log: Log) {
  const files = await openPolicyFiles(settings)
  const warnAll = (warnings: readonly string[]): void => {
    for (const warning of warnings) log.warn({ warning }, 'the policy files say something unused')
  }
  warnAll(files.rules.warnings)
  log.info(
    {
      mode: settings.oslo_policy.enforce_new_defaults ? 'new defaults' : 'legacy defaults',
      files: files.files.join(', ') || 'none',
    },
    'policy',
  )
  const policy = new Policy({ rules: files.rules, onDecision: watch.onDecision })
  const follower = new PolicyFollower({
    files,
    policy,
    onReloaded: (rules, paths) => {
      warnAll(rules.warnings)
      log.info({ files: paths.join(', ') || 'none' }, 'the policy files were read again')
    },
    onBroken: (reason) => log.error({ reason }, 'the last good policy stays: its files are broken'),
  })
  return { policy, follower }
}
