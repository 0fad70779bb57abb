/** Loaded before a server that is measured: tells its parent, when asked, what the process has used. */
process.on('message', () => process.send?.(process.cpuUsage()))
// The channel alone must not keep the process, nor may it be what ends it.
process.channel?.unref()
