// A fork whose vitest was killed would run its test to the end, against servers that are gone.
const endWithRun = () => void process.kill(process.pid, 'SIGKILL');

process.on('disconnect', endWithRun);
