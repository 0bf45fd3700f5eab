import { join, resolve } from 'node:path'
import type { Settings } from '../config/settingsTable.ts'
import type { LogOptions } from '../ops/log.ts'
import { OSLO_FORMS } from '../ops/osloText.ts'

/** oslo.log's meaning of log_file and log_dir, save that nothing is relative to the working directory. */
export function logOptions(settings: Settings, isTerminal: boolean, worker?: number): LogOptions {
  const { DEFAULT } = settings
  const { debug, log_dir: folder, log_file: file, use_stderr: useStderr } = DEFAULT
  return {
    debug,
    path:
      file === undefined && folder === undefined
        ? undefined
        : resolve(DEFAULT.state_path, join(folder ?? '', '.'), file ?? 'gatehouse.log'),
    useStderr,
    format: formatOf(settings, isTerminal),
    osloForms: {
      context: DEFAULT.logging_context_format_string ?? OSLO_FORMS.context,
      plain: DEFAULT.logging_default_format_string ?? OSLO_FORMS.plain,
      exceptionPrefix: DEFAULT.logging_exception_prefix ?? OSLO_FORMS.exceptionPrefix,
    },
    worker,
  }
}

function formatOf({ DEFAULT, gatehouse }: Settings, isTerminal: boolean): LogOptions['format'] {
  if (gatehouse.log_format !== 'auto') return gatehouse.log_format
  if (DEFAULT.use_json !== undefined) return DEFAULT.use_json ? 'json' : 'oslo'
  return isTerminal ? 'text' : 'json'
}
