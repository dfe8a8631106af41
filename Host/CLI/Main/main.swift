import CLI

#if canImport(Glibc)
    import Glibc
#endif

// Nothing has started a thread yet.
ProcessMemory.shareHeap()
exit(await CommandLineEntry.run(Array(CommandLine.arguments.dropFirst())))
