// mocha passes a spec that leaves a rejection unhandled; none of ours may.
process.on('unhandledRejection', (reason) => {
  throw reason;
});
