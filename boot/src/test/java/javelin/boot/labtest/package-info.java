/** Tests that run inside the lab, on its kernel, and the report on all tests. */
package javelin.boot.labtest;
