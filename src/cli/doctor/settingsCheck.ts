import { warningsOf } from '../firstLines.ts'
import { type Check, fine, warning } from './finding.ts'

/** What a start would only say in its log. Wrong values are found before this: nothing below could be trusted then. */
export const settingsCheck: Check = {
  name: 'settings',
  async look({ loaded, settings }) {
    const files = loaded.files.join(', ') || 'no file: embedded defaults'
    return [
      fine(`read from ${files}; callers are known by ${settings.DEFAULT.auth_strategy}`),
      ...loaded.notices.map((notice) =>
        warning(
          notice,
          'Take it out, or correct it; `gatehouse config show` tells what is in force.',
        ),
      ),
      ...warningsOf(settings).map((what) =>
        warning(
          what,
          'docs/configuration.md tells of the option, docs/security-model.md what follows.',
        ),
      ),
    ]
  },
}
