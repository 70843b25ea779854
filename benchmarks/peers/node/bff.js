// The dashboard with Fastify and undici: reads RAS, then CMS for the class names, and joins.
// It has no token, policies or metrics. The response schema makes Fastify serialize it faster.
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

function toItem (batch, info) {
  return {
    batch_id: batch.batch_id,
    title: batch.assignment_id || 'Untitled Batch',
    class_id: info ? info.class_id : null,
    class_name: info ? info.class_name : null,
    status: batch.overall_status,
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
  const infos = await ask(`/internal/v1/batches/class-info?batch_ids=${ids}`)
  return {
    batches: found.batches.map((batch) => toItem(batch, infos[batch.batch_id])),
    total_count: found.pagination.total,
    limit,
    offset
  }
})

app.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 1024 })
process.on('SIGTERM', () => process.exit(0))
