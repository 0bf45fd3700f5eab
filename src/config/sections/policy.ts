import { allBesideConfig, besideConfig } from '../paths.ts'
import { setting } from '../setting.ts'
import { manyTexts, text, truth } from '../valueKinds.ts'

export const policySection = {
  policy_file: setting({
    explanation:
      'Rules that replace the built-in ones of the same name (YAML or JSON); read again when it changes. Relative: beside the configuration file.',
    kind: text,
    default: 'policy.yaml',
    settle: besideConfig,
  }),
  policy_dirs: setting({
    explanation: 'Folders of further such files, in alphabetical order.',
    kind: manyTexts,
    default: ['policy.d'],
    settle: allBesideConfig,
  }),
  enforce_new_defaults: setting({
    explanation:
      'Use the rules of secure RBAC (project reader, member, admin) instead of the legacy ones.',
    kind: truth,
    default: false,
  }),
  enforce_scope: setting({
    explanation: 'Refuse tokens whose scope a rule does not list.',
    kind: truth,
    default: false,
  }),
}
