/** Where Debian keeps Python packages. */
export const DEBIAN_PYTHON = '/usr/lib/python3/dist-packages'
