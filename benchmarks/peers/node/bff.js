// The dashboard with Fastify and undici: reads RAS, then CMS for the class names, BOS for the phases
// of batches that may run and CMS for the matches of those that have not begun, and joins. It has no token, policies or metrics. The response schema makes Fastify serialize it faster.
'use strict'

const fastify = require('fastify')
const { Pool } = require('undici')

const pool = new Pool(process.env.UPSTREAM, { connections: 64, pipelining: 1 })
const app = fastify({ logger: false })

const text = { type: ['string', 'null'] }
const item = {
  type: 'object',
  properties: {
    batch_id: { type: 'string' },
    title: { type: 'string' },
    class_id: text,
    class_name: text,
    status: { type: 'string' },
    phases: { type: ['object', 'null'], additionalProperties: { type: 'string' } },
    pending_matches: { type: ['integer', 'null'] },
    total_essays: { type: 'integer' },
    completed_essays: { type: 'integer' },
    failed_essays: { type: 'integer' },
    created_at: { type: 'string' },
    last_updated: { type: 'string' }
  }
}
const page = {
  type: 'object',
  properties: {
    batches: { type: 'array', items: item },
    total_count: { type: 'integer' },
    limit: { type: 'integer' },
    offset: { type: 'integer' }
  }
}

async function ask (path) {
  const { statusCode, body } = await pool.request({ path, method: 'GET' })
  if (statusCode !== 200) throw new Error(`the upstream responded with ${statusCode}`)
  return body.json()
}

const NAMES = ['spellcheck', 'nlp', 'ai_feedback', 'cj_assessment']
const NOT_BEGUN = ['requested_by_user', 'pending_dependencies', 'skipped_by_user_config']

async function stateOf (batch) {
  if (batch.processing_completed_at !== null) return { phases: null, pending_matches: null }
  const found = await ask(`/internal/v1/batches/${batch.batch_id}/pipeline-state`)
  const phases = {}
  for (const name of NAMES) {
    const phase = found.pipeline_state[name]
    if (phase) phases[name] = phase.status
  }
  if (!Object.values(phases).every((word) => NOT_BEGUN.includes(word))) {
    return { phases, pending_matches: null }
  }
  const matches = await ask(`/v1/batches/${batch.batch_id}/student-associations`)
  return { phases, pending_matches: matches.associations.length }
}

function toItem (batch, info, state) {
  return {
    batch_id: batch.batch_id,
    title: batch.assignment_id || 'Untitled Batch',
    class_id: info ? info.class_id : null,
    class_name: info ? info.class_name : null,
    status: batch.overall_status,
    ...state,
    total_essays: batch.essay_count,
    completed_essays: batch.completed_essay_count,
    failed_essays: batch.failed_essay_count,
    created_at: batch.created_at + 'Z',
    last_updated: batch.last_updated + 'Z'
  }
}

app.get('/v1/teacher/dashboard', { schema: { response: { 200: page } } }, async (request) => {
  const user = request.headers['x-user-id']
  const limit = Number(request.query.limit || 20)
  const offset = Number(request.query.offset || 0)
  const path = `/internal/v1/batches/user/${user}?limit=${limit}&offset=${offset}`
  const found = await ask(path)
  const ids = found.batches.map((batch) => batch.batch_id).join(',')
  const [infos, ...states] = await Promise.all([
    ask(`/internal/v1/batches/class-info?batch_ids=${ids}`), ...found.batches.map(stateOf)
  ])
  return {
    batches: found.batches.map((batch, at) => toItem(batch, infos[batch.batch_id], states[at])),
    total_count: found.pagination.total,
    limit,
    offset
  }
})

app.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 1024 })
process.on('SIGTERM', () => process.exit(0))
