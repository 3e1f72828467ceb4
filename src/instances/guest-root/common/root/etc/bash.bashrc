# Every interactive shell.
[ -z "$PS1" ] || PS1='[\u@\h \W]\$ '
