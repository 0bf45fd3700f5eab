import { join, resolve } from 'node:path'
import type { Settings } from '../config/settingsTable.ts'
import type { LogOptions } from '../ops/log.ts'

/** oslo.log's meaning of log_file and log_dir, save that nothing is relative to the working directory. */
export function logOptions(settings: Settings, isTerminal: boolean): LogOptions {
  const { debug, log_dir: folder, log_file: file, use_stderr: useStderr } = settings.DEFAULT
  const { state_path: statePath } = settings.DEFAULT
  const { log_format: format } = settings.gatehouse
  const isText = format === 'text' || (format === 'auto' && isTerminal)
  return {
    debug,
    path:
      file === undefined && folder === undefined
        ? undefined
        : resolve(statePath, join(folder ?? '', '.'), file ?? 'gatehouse.log'),
    useStderr,
    stderrFormat: isText ? 'text' : 'json',
  }
}
