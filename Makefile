# Linekeeper. `make help` names the targets; everything built goes to $(BUILD).

VERSION = 0.1.0

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
LIBDIR     ?= $(PREFIX)/lib
BUILD      ?= build
# By one name, whatever it was called by: dependencies are found by it.
override BUILD := $(BUILD:$(CURDIR)/%=%)
V          ?= 0
WERROR     ?= 0

BINDIR      = $(PREFIX)/bin
SBINDIR     = $(PREFIX)/sbin
INCLUDEDIR  = $(PREFIX)/include
DATADIR     = $(PREFIX)/share/linekeeper
EXAMPLEDIR  = $(PREFIX)/share/doc/linekeeper/examples
MANDIR      = $(PREFIX)/share/man
HANDLERDIR  = $(LIBDIR)/linekeeper/handlers
UNITDIR     = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d
CONFDIR     = $(SYSCONFDIR)/linekeeper
BASHDIR     = $(PREFIX)/share/bash-completion/completions
ZSHDIR      = $(PREFIX)/share/zsh/site-functions

CC         ?= cc
PKGCONFIG  ?= pkg-config

# --- what is built ---

SHARED   = base lines daemon config handlers
DAEMONS  = linekeeper-writer linekeeper-tailer
PROGRAMS = $(DAEMONS) linekeeperctl

sources = $(sort $(foreach room,$(1),$(wildcard src/$(room)/*.c)))
objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call sources,$(1)))
without_main = $(filter-out %/main.o,$(call objects,$(1)))

ARCHIVES   = $(BUILD)/writer.a $(BUILD)/tailer.a $(BUILD)/ctl.a $(BUILD)/shared.a
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
TESTS     ?= $(UNIT_TESTS) $(sort $(wildcard tests/programs/*.bats tests/torture/*_test.py))

# Files with @PLACES@ in them.
TEMPLATES = $(shell find etc systemd include -name '*.in')
FILLED    = $(TEMPLATES:%.in=$(BUILD)/%)

# --- how ---

# Only the flags this compiler knows.
try = $(shell $(CC) $(1) -Werror -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))

LIBRARIES      = libconfuse libsystemd libarchive zlib libpcre2-8
LIBRARY_CFLAGS := $(shell $(PKGCONFIG) --cflags $(LIBRARIES) 2>/dev/null)
LIBRARY_LIBS   := $(shell $(PKGCONFIG) --libs $(LIBRARIES) 2>/dev/null)

WARNINGS = -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wwrite-strings -Wconversion -Wimplicit-fallthrough $(if $(filter 1,$(WERROR)),-Werror)
HARDENING := -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	$(call try,-fstack-clash-protection) $(call try,-fcf-protection=full)
CFLAGS      ?= -O2 -g
CPPFLAGS_ALL = -D_GNU_SOURCE -Isrc -Iinclude -DVERSION='"$(VERSION)"' \
	-DSYSCONFDIR='"$(SYSCONFDIR)"' -DHANDLERDIR='"$(HANDLERDIR)"' $(LIBRARY_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu17 -fPIE -fvisibility=hidden $(WARNINGS) $(HARDENING) $(CFLAGS)
LDFLAGS_ALL  = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(CFLAGS) $(LDFLAGS)
SANITIZE     = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
VALGRIND     = valgrind -q --leak-check=full --error-exitcode=99 --child-silent-after-fork=yes \
	--suppressions=tests/valgrind.supp

quiet = $(if $(filter 0,$(V)),@echo "  $(1)	$(2)";)

.PHONY: all check torture valgrind lint asan demo bench install uninstall deps deps-check deps-lint deps-bench dist clean help FORCE
.DELETE_ON_ERROR:

all: $(PROGRAMS:%=$(BUILD)/%) $(FILLED) ## the programs (default)

$(BUILD)/linekeeper-writer: $(call objects,writer) $(BUILD)/shared.a
$(BUILD)/linekeeper-tailer: $(call objects,tailer) $(BUILD)/shared.a
$(BUILD)/linekeeperctl: $(call objects,ctl) $(BUILD)/shared.a
$(PROGRAMS:%=$(BUILD)/%):
	$(call quiet,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBRARY_LIBS) -ldl -lm

# The rooms that the programs share; each takes only what it needs out of it.
$(BUILD)/shared.a: $(call objects,$(SHARED))
# For the unit tests.
$(BUILD)/writer.a: $(call without_main,writer)
$(BUILD)/tailer.a: $(call without_main,tailer)
$(BUILD)/ctl.a: $(call without_main,ctl)
$(ARCHIVES):
	@mkdir -p $(@D)
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(ARCHIVES) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< \
		$(ARCHIVES) -lcmocka $(LIBRARY_LIBS) -ldl -lm

$(FILLED): $(BUILD)/%: %.in $(BUILD)/flags
	@mkdir -p $(@D)
	@sed -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@SBINDIR@|$(SBINDIR)|g' \
		-e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' \
		-e 's|@DATADIR@|$(DATADIR)|g' -e 's|@HANDLERDIR@|$(HANDLERDIR)|g' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' -e 's|@VERSION@|$(VERSION)|g' $< >$@

# Changes when flags or places do, and everything is built anew.
$(BUILD)/flags: export FLAGS = $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(PREFIX)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo "$$FLAGS" | cmp -s - $@ || echo "$$FLAGS" >$@

-include $(patsubst %.o,%.d,$(call objects,$(SHARED) writer tailer ctl)) $(UNIT_TESTS:=.d)

# --- running and testing ---

demo: all ## the pair on the sample log, until interrupted
	@BUILD=$(BUILD) tests/demo

check: all $(UNIT_TESTS) ## all tests, or those in TESTS
	@BUILD=$(abspath $(BUILD)) tests/run $(TESTS)

valgrind: $(UNIT_TESTS) ## the unit tests under valgrind
	@BUILD=$(abspath $(BUILD)) TEST_WRAPPER="$(VALGRIND)" tests/run $(UNIT_TESTS)

# Without -Werror: gcc is less sure of sizes when it adds checks.
asan: ## all tests, built with the address and undefined behaviour sanitizers
	@$(MAKE) BUILD=$(BUILD)/asan WERROR=0 HARDENING= CFLAGS="$(SANITIZE)" check

torture: export BUILD := $(abspath $(BUILD))
torture: all ## no line lost, none twice: the whole of tests/torture, about an hour
	tests/torture/fault_test.py --every 1
	tests/torture/writer_fault_test.py --every 1
	KILLING_SECONDS=60 bats -f 'killed at random' tests/programs/writer_crash.bats
	tests/torture/logrotate_test.py --lines 275000
	tests/torture/model_test.py --actions 100000
	tests/torture/model_test.py --actions 10000 --mode daemon --watch poll
	tests/torture/model_test.py --actions 10000 --mode daemon --watch inotify

bench: all ## speed, beside other programs
	@BUILD=$(abspath $(BUILD)) tests/bench/run

# Leaks are for clang-tidy, the sanitizers and valgrind: cppcheck guesses wrongly at struct literals.
C_FILES = $(wildcard src/*/*.[ch] include/linekeeper/*.h tests/*/*.[ch] docs/examples/*.[ch])
SCRIPTS = .ci/run $(shell grep -rlE '^\#!/bin/(ba)?sh' tests etc docs) \
	$(wildcard tests/*/*.bash etc/*/*.bash)

lint: ## style, static analysis, floors, scripts and manual pages
	tests/floors $(wildcard src/*/*.[ch])
	clang-format --dry-run -Werror $(C_FILES)
	cppcheck --quiet --enable=warning,performance --inline-suppr --std=c11 --library=posix,gnu \
		--suppress=memleak --suppress=resourceLeak --error-exitcode=1 -j 2 -Isrc -Iinclude src
	printf '%s\n' $(call sources,$(SHARED) writer tailer ctl) | xargs -P 2 -I FILE \
		clang-tidy --quiet FILE -- -std=gnu17 $(CPPFLAGS_ALL)
	shellcheck $(SCRIPTS)
	mandoc -T lint -W warning $(MAN_PAGES)

# --- installing ---

MAN_PAGES = $(wildcard docs/man/*.[1-8])
UNITS     = $(wildcard systemd/*.socket) $(filter %.service,$(FILLED))
SAMPLES  = $(wildcard etc/*.conf) $(filter $(BUILD)/etc/%.conf,$(FILLED))
CONFIGS   = $(filter %/tailer.conf %/writer.conf,$(SAMPLES))
EXAMPLES  = $(filter-out $(CONFIGS),$(SAMPLES)) $(wildcard docs/examples/*)

install: all ## to PREFIX, configurations to SYSCONFDIR; DESTDIR goes before both
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(SBINDIR) $(BASHDIR) $(ZSHDIR) \
		$(INCLUDEDIR)/linekeeper $(HANDLERDIR) \
		$(LIBDIR)/pkgconfig $(UNITDIR)/linekeeper-.service.d $(SYSUSERSDIR) $(TMPFILESDIR) \
		$(DATADIR) $(EXAMPLEDIR) $(CONFDIR)/tailer.conf.d $(CONFDIR)/writer.conf.d)
	install -d -m 750 $(DESTDIR)/var/log/linekeeper
	install $(DAEMONS:%=$(BUILD)/%) $(DESTDIR)$(SBINDIR)
	install $(BUILD)/linekeeperctl $(DESTDIR)$(BINDIR)
	for program in $(PROGRAMS); do \
		install -m 644 etc/completion/linekeeper.bash $(DESTDIR)$(BASHDIR)/$$program || exit 1; done
	install -m 644 etc/completion/_linekeeper $(DESTDIR)$(ZSHDIR)
	install -m 644 include/linekeeper/handler.h $(DESTDIR)$(INCLUDEDIR)/linekeeper
	install -m 644 $(BUILD)/include/linekeeper.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 etc/Full_data.log $(DESTDIR)$(DATADIR)
	install -m 644 $(UNITS) $(DESTDIR)$(UNITDIR)
	install -m 644 systemd/linekeeper-.service.d/*.conf $(DESTDIR)$(UNITDIR)/linekeeper-.service.d
	install -m 644 systemd/sysusers.d/linekeeper.conf $(DESTDIR)$(SYSUSERSDIR)
	install -m 644 systemd/tmpfiles.d/linekeeper.conf $(DESTDIR)$(TMPFILESDIR)
	install -D -m 755 -t $(DESTDIR)$(EXAMPLEDIR)/init.d $(BUILD)/etc/init.d/linekeeper
	install -D -m 644 -t $(DESTDIR)$(EXAMPLEDIR)/xinetd.d $(BUILD)/etc/xinetd.d/*
	install -m 644 $(EXAMPLES) $(DESTDIR)$(EXAMPLEDIR)
	for page in $(MAN_PAGES); do \
		install -D -m 644 -t $(DESTDIR)$(MANDIR)/man$${page##*.} $$page || exit 1; done
	for file in $(CONFIGS); do \
		target=$(DESTDIR)$(CONFDIR)/$${file##*/}; \
		if [ -e $$target ] && ! cmp -s $$file $$target; then \
			echo "$$target is your own and stays; the new one is $$target.new"; \
			target=$$target.new; \
		fi; \
		install -m 644 $$file $$target || exit 1; done

uninstall: ## all that install put there, but the configurations
	rm -f $(DAEMONS:%=$(DESTDIR)$(SBINDIR)/%) $(DESTDIR)$(BINDIR)/linekeeperctl \
		$(PROGRAMS:%=$(DESTDIR)$(BASHDIR)/%) $(DESTDIR)$(ZSHDIR)/_linekeeper \
		$(DESTDIR)$(LIBDIR)/pkgconfig/linekeeper.pc \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS))) \
		$(DESTDIR)$(SYSUSERSDIR)/linekeeper.conf $(DESTDIR)$(TMPFILESDIR)/linekeeper.conf \
		$(foreach page,$(MAN_PAGES),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(addprefix $(DESTDIR),$(INCLUDEDIR)/linekeeper $(DATADIR) $(EXAMPLEDIR) \
		$(UNITDIR)/linekeeper-.service.d)
	-rmdir $(addprefix $(DESTDIR),$(HANDLERDIR) $(LIBDIR)/linekeeper)

dist: ## a tarball of the last commit
	@mkdir -p $(BUILD)
	git archive --prefix=linekeeper-$(VERSION)/ -o $(BUILD)/linekeeper-$(VERSION).tar.gz HEAD

# --- what Debian 12 calls what is needed ---

BUILD_PACKAGES = gcc libc6-dev make pkg-config libconfuse-dev libsystemd-dev libarchive-dev zlib1g-dev libpcre2-dev libxxhash-dev
CHECK_PACKAGES = bats libcmocka-dev procps socat netcat-openbsd strace valgrind systemd mandoc \
	iproute2 xz-utils zstd bzip2 lz4 netbase libwrap0 libtirpc3 libevent-2.1-7 libbsd0 libpopt0 \
	curl python3 zsh daemontools s6 execline
LINT_PACKAGES  = clang clang-format clang-tidy cppcheck shellcheck mandoc
BENCH_PACKAGES = python3 pv rsyslog

SUDO        = $(if $(filter 0,$(shell id -u)),,sudo)
APT_INSTALL = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends

deps: ## Debian packages for building
	$(APT_INSTALL) $(BUILD_PACKAGES)

# The super-daemons exclude each other as packages and would be started, logrotate brings cron, runit
# users: only their files are taken.
deps-check: deps ## ... for the tests, too
	$(APT_INSTALL) $(CHECK_PACKAGES)
	mkdir -p .tools && cd .tools && apt-get download xinetd openbsd-inetd logrotate prometheus runit && \
		for package in *.deb; do dpkg -x $$package . && rm $$package || exit 1; done

deps-lint: ## ... for lint
	$(APT_INSTALL) $(LINT_PACKAGES)

deps-bench: deps ## ... for bench; rsyslog is started, as Debian's packages are
	$(APT_INSTALL) $(BENCH_PACKAGES)

clean: ## removes what was built
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile
