{{/* The name of a service's objects. Takes a dict of root and service. */}}
{{- define "bff.name" -}}
{{- $name := printf "%s-%s" .root.Release.Name (replace "_" "-" .service) -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "the name of the release is too long: %s has more than 63 characters" $name) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{/* Labels by which pods are chosen; without a service, those of all pods of the release. */}}
{{- define "bff.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .service }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "bff.labels" -}}
{{ include "bff.selector" . }}
app.kubernetes.io/part-of: huleedu
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "bff.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* True where a service keeps its database in a file of its own. */}}
{{- define "bff.sqlite" -}}
{{- $values := index .root.Values .service -}}
{{- if and $values.sqlite $values.sqlite.enabled -}}true{{- end -}}
{{- end }}

{{/* The largest number of replicas that a service may have. */}}
{{- define "bff.replicas" -}}
{{- $values := index .root.Values .service -}}
{{- $number := ternary $values.replicas $values.autoscaling.maxReplicas (eq $values.autoscaling.kind "none") -}}
{{- if and (include "bff.sqlite" .) (gt (int $number) 1) -}}
{{- fail (printf "%s.sqlite is for one replica, and %d are wanted: set replicas to 1 and autoscaling.kind to none, or use PostgreSQL" .service (int $number)) -}}
{{- end -}}
{{- $shares := (index (.root.Files.Get "files/services.yaml" | fromYaml) .service).shares_redis -}}
{{- if and $shares (gt (int $number) 1) (not .root.Values.secrets.REDIS_URL) -}}
{{- fail (printf "%s: %d replicas need one Redis for all: name its Secret and key in secrets.REDIS_URL" .service (int $number)) -}}
{{- end -}}
{{- int $number -}}
{{- end }}

{{/* The address of a destination: a service of the chart, or one of the platform. */}}
{{- define "bff.url" -}}
{{- $port := dig .service "port" "" (.root.Files.Get "files/settings.json" | fromJson) -}}
{{- if $port -}}
http://{{ include "bff.name" . }}:{{ $port }}
{{- else -}}
{{ (index .root.Values.platform .service).url }}
{{- end -}}
{{- end }}

{{/* The port of a URL, which may be that of its scheme. */}}
{{- define "bff.port" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $port | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end }}

{{/* The destinations of a service, as a comma-separated list: its calls, and its health checks. */}}
{{- define "bff.destinations" -}}
{{- $service := index (.root.Files.Get "files/services.yaml" | fromYaml) .service -}}
{{- $names := values $service.calls -}}
{{- if and $service.health (index .root.Values .service).overview -}}
{{- $names = concat $names (values $service.health) -}}
{{- end -}}
{{- $names | uniq | sortAlpha | join "," -}}
{{- end }}

{{/* A value as the environment has it: whole numbers without an exponent. */}}
{{- define "bff.value" -}}
{{- if kindIs "float64" . -}}
{{- if eq . (floor .) }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end -}}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}
