/** What a request says of a read ACL; what it leaves out, the verb decides (contract 06). */
export interface AclTerms {
  readonly projectAccess: boolean | undefined
  /** A set: no duplicates. */
  readonly users: readonly string[] | undefined
}

/** A decoded PUT or PATCH of an ACL. */
export interface NewAcl {
  /** undefined: no operation, or an empty one, which says as little. */
  readonly read: AclTerms | undefined
}
