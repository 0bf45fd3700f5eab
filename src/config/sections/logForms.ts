import { derivedOptionalSetting, optionalSetting } from '../setting.ts'
import { text, truth } from '../valueKinds.ts'

/** oslo.log's options for how a line looks; part of [DEFAULT]. */
export const logFormOptions = {
  use_json: derivedOptionalSetting({
    explanation:
      'How lines look while [gatehouse] log_format is `auto`. True: one JSON object each. False: as oslo.log writes them.',
    kind: truth,
    describes: 'unset: log_format decides',
    derive: () => undefined,
  }),
  logging_context_format_string: optionalSetting({
    explanation:
      'With the form of oslo.log: a line that belongs to a request. Unset: as there. Names that mean nothing here print nothing.',
    kind: text,
  }),
  logging_default_format_string: optionalSetting({
    explanation: 'The same for every other line.',
    kind: text,
  }),
  logging_exception_prefix: optionalSetting({
    explanation: 'The same for what stands in front of each line of a stack.',
    kind: text,
  }),
}
