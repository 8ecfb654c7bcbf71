dist_man_MANS += \
	man/pgoctl.1 \
	man/pgoctl-build.1 \
	man/pgoctl-check.1 \
	man/pgoctl-collect.1 \
	man/pgoctl-convert.1 \
	man/pgoctl-diff.1 \
	man/pgoctl-doctor.1 \
	man/pgoctl-init.1 \
	man/pgoctl-merge.1 \
	man/pgoctl-report.1 \
	man/pgoctl-run.1 \
	man/pgoctl-show.1 \
	man/pgoctl-snapshot.1 \
	man/pgoctl-store.1 \
	man/pgoctl-validate.1

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completion/pgoctl.bash
