// vitest runs this before each file. What it imports runs once a process, which takes one file after another.
import './end-with-run.ts';
import './runtime.ts';
