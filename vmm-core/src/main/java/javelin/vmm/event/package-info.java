/** The event loop: epoll over eventfds, timers and byte streams. */
package javelin.vmm.event;
