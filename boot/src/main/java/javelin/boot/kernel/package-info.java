/**
 * Loaders: they recognise a kernel file, put it, its initial RAM disk and its command line into
 * guest RAM, and say how the boot CPU starts.
 */
package javelin.boot.kernel;
