"""The Pod Security Standards' profile "restricted", and what we demand beyond it, as a function of a pod's specification."""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = ("RuntimeDefault", "Localhost")


def violations(pod):
    """What a pod's specification does against the profile, in words; nothing if all is well."""
    found = list(of_pod(pod))
    for container in pod.get("initContainers", []) + pod["containers"]:
        found += [f"{container['name']}: {what}" for what in of_container(container, pod.get("securityContext", {}))]
    return found


def of_pod(pod):
    for namespace in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(namespace):
            yield namespace
    for volume in pod.get("volumes", []):
        if not VOLUMES.issuperset(volume.keys() - {"name"}):
            yield f"volume {volume['name']} is none of the allowed kinds"
    if pod.get("securityContext", {}).get("sysctls"):
        yield "sysctls"
    # Beyond the profile.
    if pod.get("automountServiceAccountToken") is not False:
        yield "the service account's token is mounted"
    if pod.get("enableServiceLinks") is not False:
        yield "services put variables into the environment"


def of_container(container, pod_context):
    context = container.get("securityContext", {})
    inherited = {**pod_context, **context}
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "privilege escalation is allowed"
    if inherited.get("runAsNonRoot") is not True:
        yield "may run as root"
    if not isinstance(inherited.get("runAsUser"), int) or inherited["runAsUser"] == 0:
        yield "no numeric user other than root"
    if inherited.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield "no explicit seccomp profile"
    capabilities = context.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "a port of the host"
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container.get(name, {})
        if any("host" in probe.get(kind, {}) for kind in ("httpGet", "tcpSocket")):
            yield f"{name} names a host"
    # Beyond the profile.
    if context.get("readOnlyRootFilesystem") is not True:
        yield "the root file system can be written to"
    if not {"cpu", "memory"} <= container.get("resources", {}).get("limits", {}).keys():
        yield "no limits"
