# Linekeeper. `make help` names the targets; everything built goes to $(BUILD).

VERSION = 0.1.0

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
LIBDIR     ?= $(PREFIX)/lib
BUILD      ?= build
V          ?= 0

SBINDIR    = $(PREFIX)/sbin
DATADIR    = $(PREFIX)/share/linekeeper
MANDIR     = $(PREFIX)/share/man
HANDLERDIR = $(LIBDIR)/linekeeper/handlers
UNITDIR    = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d

CC         ?= cc
PKGCONFIG  ?= pkg-config
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy

# Only the flags this compiler knows.
try = $(shell $(CC) $(1) -Werror -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))

LIBRARIES = libconfuse libsystemd libarchive
CPPFLAGS_ALL = -D_GNU_SOURCE -Isrc -Iinclude -DVERSION='"$(VERSION)"' \
	-DSYSCONFDIR='"$(SYSCONFDIR)"' -DHANDLERDIR='"$(HANDLERDIR)"' $(LIBRARY_CFLAGS) $(CPPFLAGS)
LIBRARY_CFLAGS := $(shell $(PKGCONFIG) --cflags $(LIBRARIES) 2>/dev/null)
LIBRARY_LIBS   := $(shell $(PKGCONFIG) --libs $(LIBRARIES) 2>/dev/null)

WARNINGS = -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wwrite-strings -Wconversion -Wimplicit-fallthrough
HARDENING := -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	$(call try,-fstack-clash-protection) $(call try,-fcf-protection=full)
CFLAGS   ?= -O2 -g
CFLAGS_ALL = -std=gnu17 -fPIE -fvisibility=hidden $(WARNINGS) $(HARDENING) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(CFLAGS) $(LDFLAGS)

SHARED   = base lines daemon config handlers
PROGRAMS = linekeeper-writer linekeeper-tailer

shared_objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(sort $(foreach room,$(SHARED),$(wildcard src/$(room)/*.c))))
program_objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(sort $(wildcard src/$(1)/*.c)))
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))

quiet = $(if $(filter 0,$(V)),@echo "  $(1)	$(2)";)

.PHONY: all check lint asan demo bench install uninstall deps dist clean help
.DELETE_ON_ERROR:

all: $(PROGRAMS:%=$(BUILD)/%)

$(BUILD)/linekeeper-writer: $(call program_objects,writer) $(BUILD)/shared.a
$(BUILD)/linekeeper-tailer: $(call program_objects,tailer) $(BUILD)/shared.a
$(BUILD)/linekeeper-%:
	$(call quiet,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBRARY_LIBS) -ldl

# The rooms that the programs share; each program takes only what it needs out of it.
$(BUILD)/shared.a: $(shared_objects)
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< \
		$(BUILD)/shared.a -lcmocka $(LIBRARY_LIBS) -ldl

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

unit: $(UNIT_TESTS)
	@for test in $(UNIT_TESTS); do echo "== $$test" && $$test || exit 1; done

clean:
	rm -rf $(BUILD)
