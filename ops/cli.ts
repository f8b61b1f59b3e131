import { runOps } from './run.ts';

const { code, stdout, stderr } = await runOps(process.argv.slice(2), process.env);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
