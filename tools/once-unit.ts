/** Lines that say how what goes on for ever is started, watched and started again. */
const FOR_EVER =
  /^(?:Restart\w*|WatchdogSec|NotifyAccess|TimeoutStartSec|ExecReload|# (?:A wrong|It is started|Words come|systemctl reload) .*)(?:=.*)?\n/gm;

/** The unit for a timer, of the unit for a service: the same rights, but it does what there is to do, and ends. */
export function onceUnit(service: string): string {
  return service
    .replace(/^Description=.*$/m, 'Description=portlog, once: scans and directories of its configuration')
    .replace(/^Type=.*$/m, 'Type=oneshot')
    .replace(/^(ExecStart=portlog run) /m, '$1 --once ')
    .replaceAll(FOR_EVER, '')
    .replace(/\n\[Install\][^]*$/, '')
    .replace(/^/, '# Made from portlog.service by npm run generate; portlog-once.timer starts it.\n');
}
