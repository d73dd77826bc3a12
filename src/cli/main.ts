#!/usr/bin/env node
/**
 * The program `stratadns`. See program.ts for its commands.
 */
import { processIo } from './io.js';
import { runProgram } from './program.js';

// A reader that has seen enough (`stratadns cache dump | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), processIo());
