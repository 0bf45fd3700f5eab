/** For suites that Debian has no package of. */
export const clonesOf = (clones: string | undefined): string => {
  if (clones === undefined) throw new Error('this suite wants --clones FOLDER')
  return clones
}
