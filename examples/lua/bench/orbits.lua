-- SPDX-License-Identifier: Apache-2.0
-- Floating point and fields: bodies that attract each other.
-- Arguments: bodies, steps, seed.
local nr_bodies, steps, seed = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])

local function random()
  seed = (seed * 48271) % 2147483647
  return seed / 2147483647
end

local function new_body(mass)
  return {
    x = random() * 10 - 5, y = random() * 10 - 5, z = random() * 10 - 5,
    vx = random() - 0.5, vy = random() - 0.5, vz = random() - 0.5,
    mass = mass,
  }
end

local function attract(a, b, dt)
  local dx, dy, dz = b.x - a.x, b.y - a.y, b.z - a.z
  local square = dx * dx + dy * dy + dz * dz + 0.05
  local pull = dt / (square * math.sqrt(square))
  local pa, pb = pull * b.mass, pull * a.mass
  a.vx, a.vy, a.vz = a.vx + dx * pa, a.vy + dy * pa, a.vz + dz * pa
  b.vx, b.vy, b.vz = b.vx - dx * pb, b.vy - dy * pb, b.vz - dz * pb
end

local function step(bodies, dt)
  for i = 1, #bodies - 1 do
    for k = i + 1, #bodies do
      attract(bodies[i], bodies[k], dt)
    end
  end
  for _, b in ipairs(bodies) do
    b.x, b.y, b.z = b.x + b.vx * dt, b.y + b.vy * dt, b.z + b.vz * dt
  end
end

local function momentum(bodies)
  local x, speed = 0, 0
  for _, b in ipairs(bodies) do
    x = x + b.mass * b.vx
    speed = math.max(speed, b.vx ^ 2 + b.vy ^ 2 + b.vz ^ 2)
  end
  return x, math.sqrt(speed)
end

local bodies = {}
for i = 1, nr_bodies do
  bodies[i] = new_body(i == 1 and 20 or 1 + random())
end
for _ = 1, steps do
  step(bodies, 0.002)
end
print(string.format("momentum %.6f speed %.6f", momentum(bodies)))
