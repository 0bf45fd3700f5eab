import { basename, dirname } from 'node:path'
import type { Settings } from '../config/settingsTable.ts'
import { PolicyFiles } from '../policy/policyFiles.ts'

/** The policy that these settings name. @throws StartupRefusal when it cannot be enforced */
export function openPolicyFiles({ oslo_policy: options, DEFAULT }: Settings): Promise<PolicyFiles> {
  const { policy_file: policyFile } = options
  return PolicyFiles.open({
    policyFile: basename(policyFile),
    policyDirs: options.policy_dirs,
    searchDirs: [dirname(policyFile)],
    enforceNewDefaults: options.enforce_new_defaults,
    adminRole: DEFAULT.admin_role,
  })
}
