/** Lines for a service that runs for ever: readiness, watchdog, restart. */
const FOR_EVER =
  /^(?:Restart\w*|WatchdogSec|NotifyAccess|TimeoutStartSec|ExecReload|# (?:A wrong|It is started|Words come|systemctl reload) .*)(?:=.*)?\n/gm;

/** The unit for a timer, made from that of the service: the same rights, with `run --once`. */
export function onceUnit(service: string): string {
  return service
    .replace(/^Description=.*$/m, 'Description=portlog, once: scans and directories of its configuration')
    .replace(/^Type=.*$/m, 'Type=oneshot')
    .replace(/^(ExecStart=portlog run) /m, '$1 --once ')
    .replaceAll(FOR_EVER, '')
    .replace(/\n\[Install\][^]*$/, '')
    .replace(/^/, '# Made from portlog.service by npm run generate; portlog-once.timer starts it.\n');
}
