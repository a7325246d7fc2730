/** JSON (RFC 8259), read. */
package javelin.passthrough.json;
