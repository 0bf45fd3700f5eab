/*
 * Plain JavaScript that even Node 12 can read, so that an old Node gets a sentence instead of a syntax
 * error (and better-sqlite3 no chance to end it with a segmentation fault).
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const OLDEST = [22, 18]
/*
 * As in the first line of gatehouse.js. On a large machine V8 lets the space for young objects grow to a
 * hundred megabytes and more, in each thread, which buys next to nothing here: 4 MB cost no CPU against 8,
 * and save twenty megabytes of a server that writes. So small a space is cleared by one thread for less
 * than it costs to wake several: a sixth of a POST.
 */
const NODE_ARGS = ['--max-semi-space-size=4', '--no-parallel-scavenge']
// As in src/cli/exitCodes.ts.
const EXIT_OLD_NODE = 10
const EXIT_BUG = 70

/** @param name what to be: one of the programs of src/main.ts */
export function start(name, args) {
  const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))
  if (isNewEnough(process.versions.node)) {
    run(name, args, packageRoot).catch((error) => {
      process.stderr.write(`${name}: cannot be loaded: ${error.message}\n`)
      process.exitCode = EXIT_BUG
    })
    return
  }
  const own = ownNode(packageRoot)
  if (own === undefined) {
    process.stderr.write(
      'gatehouse: Node ' +
        process.versions.node +
        ' is too old: Gatehouse wants ' +
        OLDEST.join('.') +
        ' or newer. `npm ci` in its folder brings one along.\n',
    )
    process.exitCode = EXIT_OLD_NODE
    return
  }
  startAgain(own, join(packageRoot, 'bin', `${name}.js`), args)
}

async function run(name, args, packageRoot) {
  // Halves the start from the second time on. In our own folder: whoever may write there has us anyway,
  // which is not so of the shared temporary folder that Node would take. Not writable: no cache.
  if (typeof module.enableCompileCache === 'function') {
    module.enableCompileCache(join(packageRoot, 'node_modules', '.cache', 'gatehouse'))
  }
  const built = join(packageRoot, 'dist', 'src', 'main.js')
  const source = join(packageRoot, 'src', 'main.ts')
  const program = await import(pathToFileURL(existsSync(built) ? built : source).href)
  await program.main(name, args, packageRoot)
}

function isNewEnough(version) {
  const parts = version.split('.').map(Number)
  return parts[0] > OLDEST[0] || (parts[0] === OLDEST[0] && parts[1] >= OLDEST[1])
}

/** The Node that `npm ci` put beside our own dependencies. */
function ownNode(packageRoot) {
  const name = `node-linux-${process.arch}`
  const places = [join(packageRoot, 'node_modules'), dirname(packageRoot)]
  return places
    .map((place) => join(place, name, 'bin', 'node'))
    .filter((path) => process.platform === 'linux' && existsSync(path))[0]
}

/** The same command under the other Node. Signals go on to it, and its end becomes ours. */
function startAgain(node, script, args) {
  const child = spawn(node, NODE_ARGS.concat(script, args), { stdio: 'inherit' })
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  // A terminal's Ctrl-C reaches the child by itself as well; it takes two in a row for one.
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`gatehouse: ${node} does not start: ${error.code}\n`)
    process.exitCode = EXIT_OLD_NODE
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const one of signals) process.removeAllListeners(one)
    process.kill(process.pid, signal)
  })
}
