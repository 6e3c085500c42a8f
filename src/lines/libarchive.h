/*
 * libarchive, loaded when the first file that needs it is met: with the libraries that it needs
 * itself it is several times larger than the daemon.
 */
#ifndef LINES_LIBARCHIVE_H
#define LINES_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

/* The functions of archive_read(3) and archive_write(3) that are used here, under their own names.
 */
struct libarchive {
	void *handle;
	__typeof__(archive_errno) *archive_errno;
	__typeof__(archive_filter_code) *archive_filter_code;
	__typeof__(archive_read_data) *archive_read_data;
	__typeof__(archive_read_free) *archive_read_free;
	__typeof__(archive_read_new) *archive_read_new;
	__typeof__(archive_read_next_header) *archive_read_next_header;
	__typeof__(archive_read_open) *archive_read_open;
	__typeof__(archive_read_support_filter_all) *archive_read_support_filter_all;
	__typeof__(archive_read_support_format_empty) *archive_read_support_format_empty;
	__typeof__(archive_read_support_format_raw) *archive_read_support_format_raw;
	__typeof__(archive_entry_free) *archive_entry_free;
	__typeof__(archive_entry_new) *archive_entry_new;
	__typeof__(archive_entry_set_filetype) *archive_entry_set_filetype;
	__typeof__(archive_write_add_filter_by_name) *archive_write_add_filter_by_name;
	__typeof__(archive_write_close) *archive_write_close;
	__typeof__(archive_write_data) *archive_write_data;
	__typeof__(archive_write_free) *archive_write_free;
	__typeof__(archive_write_header) *archive_write_header;
	__typeof__(archive_write_new) *archive_write_new;
	__typeof__(archive_write_open_fd) *archive_write_open_fd;
	__typeof__(archive_write_set_format_raw) *archive_write_set_format_raw;
	__typeof__(archive_write_set_options) *archive_write_set_options;
};

/* 0, or -ELIBACC when it is not installed. Loaded again it costs next to nothing. */
int libarchive_load(struct libarchive *library);

/* For each that was loaded. */
void libarchive_unload(struct libarchive *library);

#endif
