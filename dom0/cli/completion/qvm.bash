# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of the qvm-* commands; the candidates come from "qvm --complete".
_qvm_complete()
{
	local IFS=$'\n' candidates cur=${COMP_WORDS[COMP_CWORD]} line=$COMP_LINE
	local -a words
	# Colons must not split words: VM:VOLUME is one.
	IFS=$' \t\n' read -ra words <<<"${line:0:COMP_POINT}"
	[[ ${line:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
	candidates=$(qvm --complete $((${#words[@]} - 1)) "${words[@]}" 2>/dev/null) || return
	if [[ $candidates == :files ]]; then
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -- "$cur"))
		return
	fi
	COMPREPLY=($candidates)
	# What stands before a colon is not part of the word for readline.
	local last=${words[-1]}
	if [[ $last == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${last%"${last##*:}"}"}")
	fi
}
complete -F _qvm_complete qubes-prefs qubesd-query qvm-block qvm-check qvm-clone qvm-create \
	qvm-device qvm-features qvm-firewall qvm-kill qvm-ls qvm-mic qvm-notes qvm-pause qvm-pci \
	qvm-pool qvm-prefs qvm-remove qvm-run qvm-service qvm-shutdown qvm-start \
	qvm-start-daemon qvm-tags qvm-unpause qvm-usb qvm-volume
