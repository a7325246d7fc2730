/** A virtual host with an IOMMU for machines that have none, made of Debian packages. */
package javelin.boot.lab;
