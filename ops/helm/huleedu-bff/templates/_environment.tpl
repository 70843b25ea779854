{{/* The variables of a service that come from Secrets, as a comma-separated list. */}}
{{- define "bff.secrets" -}}
{{- $known := index (.root.Files.Get "files/settings.json" | fromJson) .service -}}
{{- $service := index (.root.Files.Get "files/services.yaml" | fromYaml) .service -}}
{{- $file := include "bff.sqlite" . -}}
{{- $names := list -}}
{{- range $known.secrets -}}
{{- if and (index $.root.Values.secrets .) (not (and $file (eq . $service.database))) -}}
{{- $names = append $names . -}}
{{- end -}}
{{- end -}}
{{- range $known.required -}}
{{- $spared := or (and $file (eq . ($service.database | default ""))) (and (eq . "JWT_SECRET_KEY") (ne $.root.Values.settings.JWT_ALGORITHM "HS256")) -}}
{{- if and (not $spared) (not (has . $names)) -}}
{{- fail (printf "%s needs the secret %s: name its Secret and key in secrets.%s" $.service . .) -}}
{{- end -}}
{{- end -}}
{{- $names | sortAlpha | join "," -}}
{{- end }}

{{/* One volume with the files of these variables. Takes root and names. */}}
{{- define "bff.secretVolume" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range .names }}
      {{- $reference := index $.root.Values.secrets . }}
      - secret:
          name: {{ $reference.name }}
          items:
            - {key: {{ $reference.key }}, path: {{ . }}}
      {{- end }}
{{- end }}

{{- define "bff.secretFiles" -}}
{{- range . }}
- name: {{ . }}_FILE
  value: /run/secrets/huleedu/{{ . }}
{{- end }}
{{- end }}

{{/* The environment of a service. Takes a dict of root and service. */}}
{{- define "bff.environment" -}}
{{- $values := index .root.Values .service -}}
{{- $service := index (.root.Files.Get "files/services.yaml" | fromYaml) .service -}}
{{- $prefix := (index (.root.Files.Get "files/settings.json" | fromJson) .service).prefix -}}
{{- range $name, $value := merge (deepCopy $values.settings) .root.Values.settings }}
- name: {{ $name }}
  value: {{ include "bff.value" $value | quote }}
{{- end }}
- name: REPLICAS
  value: {{ include "bff.replicas" . | quote }}
- name: {{ $prefix }}SHUTDOWN_DELAY
  value: {{ include "bff.value" $values.shutdown.delay | quote }}
- name: {{ $prefix }}SHUTDOWN_GRACE
  value: {{ include "bff.value" $values.shutdown.grace | quote }}
{{- range $name, $to := $service.calls }}
- name: {{ $name }}
  value: {{ include "bff.url" (dict "root" $.root "service" $to) | quote }}
{{- end }}
{{- range $name, $to := $service.health }}
- name: {{ $name }}
  value: {{ ternary (include "bff.url" (dict "root" $.root "service" $to)) "" $values.overview | quote }}
{{- end }}
{{- if eq (dig "pages" true $values) false }}
- name: {{ $prefix }}STATIC_DIR
  value: ""
{{- end }}
{{- if and (has "kafka" $service.stores) .root.Values.kafka.servers }}
- name: KAFKA_BOOTSTRAP_SERVERS
  value: {{ .root.Values.kafka.servers | quote }}
{{- end }}
{{- with $service.uploads }}
- name: {{ . }}
  value: /uploads
{{- end }}
{{- if include "bff.sqlite" . }}
- name: {{ $service.database }}
  value: sqlite:////data/{{ .service }}.sqlite3
{{- end }}
{{- include "bff.secretFiles" (include "bff.secrets" . | splitList ",") }}
{{- end }}
