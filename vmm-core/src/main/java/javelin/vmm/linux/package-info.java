/** The only native calls of the project, and the owners of what they return. */
package javelin.vmm.linux;
