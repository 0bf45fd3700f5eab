/**
 * What `barbican-manage` can do and Gatehouse does not: why, and what there is instead. Tools call these and act on
 * the exit code, so none may pass for done.
 */
export const REFUSED_VERBS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  hsm: {
    gen_mkek:
      'No key was made in an HSM: `gatehouse hsm generate-kek --label LABEL` makes one in the token of [pkcs11].',
    check_mkek:
      'No key was looked for in an HSM: `gatehouse hsm check` looks for that of [pkcs11] mkek_label and uses it.',
    gen_hmac:
      'No key was made in an HSM: what an HMAC key guards at Barbican is guarded here by the ciphers and by a MAC over each row.',
    check_hmac:
      'No key was looked for in an HSM: there is no HMAC key here; a MAC over each row hangs on the key of its project.',
    rewrap_pkek:
      'Nothing was wrapped anew: what a KEK wrapped opens as long as [pkcs11] names it, and `gatehouse kek status` shows which there are.',
  },
  simple_crypto: {
    rewrap_pkek:
      'Nothing was wrapped anew: `gatehouse kek status` shows what wraps the keys of projects here.',
    new_pkek:
      'No project key was made: projects get their next one by themselves, by age ([project_keys] max_age) and by use.',
    rewrap_secrets:
      'No secret was encrypted anew: each has a data key of its own, and older project keys go on opening what they sealed.',
  },
  db: {
    revision: 'Migrations are part of a release: they are not made here.',
  },
}
