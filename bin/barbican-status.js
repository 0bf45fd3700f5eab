#!/usr/bin/env node
// `barbican-status upgrade check`: what deployment tools call before an upgrade.
import { start } from './start.js'

start('barbican-status', process.argv.slice(2))
